"""Views for the notebooks: they show plain values, and know nothing about TFX.

One module per view. Each is a `face.Face` or, where a person can operate it, a `view.View`; `view` explains the faces,
and why charts are drawn here. `values` has what views are given, `parts` what they are made of.
"""
