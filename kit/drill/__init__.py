"""Extraction drill: attack your own endpoint as a stranger with a valid token could, and see what protects it.

The attacker has rows like those that the model is asked about, but no labels. They send requests of many candidates,
keep the answers, and train a surrogate on them; how closely it resembles the model is measured on requests that neither
has seen. The same is done behind each protection, and what it costs honest users is measured beside it.

What it does not do: choose queries by what it has learnt so far (active extraction), use several accounts, or know the
model's own structure. An attacker who does is stronger than this one, so a protection that fails here fails.

Actors: `Population` makes requests, an `Endpoint` answers them, `Encoder` and `Surrogate` learn from the answers,
`fidelity` compares, `distill` trains the smaller model that may be served instead, and `run` puts it together.
"""
