"""The onboarding workshop: faults to find, to prove, and to have the kit catch the next time.

`exercise` says what one is; `data_exercise`, `scores_exercise`, `package_exercise`, `extraction_exercise`,
`batching_exercise` are the kinds; `catalogue` has them by name;
`desk` is what a notebook talks to; `board` shows a class's progress; `readiness` examines a machine before the class.
"""
