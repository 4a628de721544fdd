"""Views for the notebooks: they show plain values, and know nothing of TFX.

One module a view, each a `face.Face` or, where a person can operate it, a `view.View`, which says what the faces are
and why charts are drawn here. `values` has what views are given, `parts` what they are made of.
"""
