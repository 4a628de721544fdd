"""Templates of TFDV's anomaly descriptions, so that they can be translated like the kit's own texts.

Templates as `sources` makes them, of the texts in tensorflow_data_validation/anomalies of TFDV 1.21:
https://github.com/tensorflow/data-validation/tree/master/tensorflow_data_validation/anomalies.
A text of TFDV that is not here stays English.
"""

from __future__ import annotations

TEXTS = (
    "Column dropped",
    "Column is completely missing",
    "Examples contain values missing from the schema: {0}.",
    "Expected at least {0} unique values but found only {1}.",
    "Expected data of type: {0} but got {1}",
    "Expected no more than {0} unique values but found {1}.",
    "Float feature has Inf values.",
    "Float feature has NaN values.",
    "Found strings that were not valid UTF8 strings.",
    "High Linfty distance between {0} and {1}",
    "High approximate Jensen-Shannon divergence between {0} and {1}",
    "High number of unique values",
    "Invalid UTF8 strings",
    "Invalid values",
    "Low number of unique values",
    "Missing values",
    "Multiple errors",
    "New column",
    "New column (column in data but not in schema)",
    "Out-of-range values",
    "Some examples have fewer values than expected.",
    "Some examples have more values than expected.",
    'String values that were not floats were found, such as "{0}".',
    'String values that were not ints were found, such as "{0}".',
    "Superfluous values",
    # The second of two sentences; each is found by itself.
    "The feature value with maximum difference is: {0}",
    "The Linfty distance between {0} and {1} is {2} (up to six significant digits), above the threshold {3}.",
    (
        "The approximate Jensen-Shannon divergence between {0} and {1} is {2} (up to six significant digits), "
        "above the threshold {3}."
    ),
    "The feature was expected everywhere, but was missing in {0} examples.",
    "The feature was not present in any examples.",
    "The feature was present in fewer examples than expected.",
    "The feature was present in fewer examples than expected: minimum count = {0}, actual = {1}",
    "The feature was present in fewer examples than expected: minimum fraction = {0}, actual = {1}",
    "Unexpected data type",
    "Unexpected string values",
    "Unexpectedly high value: {0}>{1}(upto six significant digits)",
    "Unexpectedly large value: {0}.",
    "Unexpectedly low values: {0}<{1}(upto six significant digits)",
    "Unexpectedly small value: {0}.",
    "{0} data is missing.",
    "{0} data missing",
)
