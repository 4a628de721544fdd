"""Run a notebook as a job of jupyter-scheduler, with its own executor; started by test_jupyter_scheduler in its Python.

Arguments: the notebook, a folder for the job, and JSON of the parameters as somebody types them into the form.
"""

import json
import shutil
import sys
from pathlib import Path

from jupyter_scheduler.executors import DefaultExecutionManager  # type: ignore[import-not-found]
from jupyter_scheduler.orm import Job, create_session, create_tables  # type: ignore[import-not-found]

notebook, folder, parameters = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
database = f"sqlite:///{folder / 'jobs.sqlite'}"
create_tables(database)
with create_session(database)() as session:
    job = Job(
        input_filename=notebook.name,
        runtime_environment_name="kit",
        output_formats=["ipynb"],
        parameters=parameters,
        name="job",
    )
    session.add(job)
    session.commit()
    job_id = job.job_id
staged = Path(shutil.copy(notebook, folder))
paths = {"input": str(staged), "ipynb": str(folder / "executed.ipynb")}
DefaultExecutionManager(job_id, str(folder), database, paths).process()
with create_session(database)() as session:
    ended = session.query(Job).filter(Job.job_id == job_id).first()
    sys.exit(0 if ended.status == "COMPLETED" else f"{ended.status}: {ended.status_message}")
