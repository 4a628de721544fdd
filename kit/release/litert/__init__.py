"""LiteRT: the model as small files that run without TensorFlow, and what each of them costs in quality.

What is converted is the model part: the Keras model on transformed features, with its embeddings, its attention and
the tables that are its weights. Transform's graph stays outside: it parses, splits and hashes strings, which LiteRT can
do only with operations of TensorFlow (flex) or custom ones. Both are refused here, because the plain runtime has
neither. Whoever calls a file computes what `features.json` beside it lists, from the columns that it names.

Actors: `ModelPart` is the part of a SavedModel that is converted, `convert` makes a file of it, `LiteRTModel` runs one,
`measure` compares it with the model, `representative` chooses the rows that full int8 is calibrated with, and
`LiteRTConverter` is the component that does all of it.
"""
