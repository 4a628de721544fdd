"""`PYTHONPATH=tests python -m serving.contract FOLDER`: write the contract's model, and say how to ask a server."""
# ruff: noqa: T201

from __future__ import annotations

import sys
from pathlib import Path

from serving.contract.target import VARIABLE, save_model

if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Give the folder to write the model into, and nothing else.")
    base = save_model(Path(sys.argv[1]).absolute())
    print(f"The model is in {base}. Serve it, for example with the real server:")
    print(
        f"  tensorflow_model_server --port=8500 --rest_api_port=8501 --model_name={base.name} --model_base_path={base}"
    )
    print("Then ask it:")
    print(f"  {VARIABLE}=grpc://localhost:8500,http://localhost:8501 pytest tests/serving/contract")
