"""The onboarding workshop: faults to find, to prove, and to make the kit catch next time.

`exercise` defines what an exercise is; `data_exercise`, `scores_exercise`, `package_exercise`, `extraction_exercise`,
`batching_exercise` are the kinds; `catalogue` has them by name;
`desk` is what a notebook talks to; `board` shows a class's progress; `readiness` examines a machine before the class.
"""
