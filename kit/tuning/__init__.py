"""Tuning: search for the settings that train best, with trials in processes of their own.

A project's model.py says in `search_space(hp)` what may change, `tuning` in project.yml how to search. KerasTuner's
oracle is asked for values and told the results; everything between is the kit's own training.
"""
