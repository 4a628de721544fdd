"""The onboarding workshop: faults to find, to prove, and to make the kit catch next time.

`exercise` defines what an exercise is; `data_exercise` with `measured`, `scores_exercise`, `package_exercise`,
`operation_exercise`, `extraction_exercise` and `batching_exercise` are the kinds; `catalogue` has them by name, `texts`
their titles and hints, `solutions` the answers; `guard` is an exercise's copy of the project. `desk` is what a notebook
talks to; `board` shows a class's progress; `readiness` examines a machine before the class.
"""
