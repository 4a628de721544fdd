"""Views whose kernel takes its time, as it does when it evaluates a model or reads a large file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

import decision_examples
import parameter_examples
import signatures_examples

from widgets.anomalies import Anomalies
from widgets.parameters import Parameters
from widgets.signatures import Signatures
from widgets.values.signatures import Answered


@dataclass
class SlowDesk(parameter_examples.Desk):
    seconds: float = 0.7

    def set(self, name: str, text: object) -> object:
        time.sleep(self.seconds)
        return super().set(name, text)


class SlowDecisions(decision_examples.Desk):
    def decide(self, key: str, action: str, who: str, why: str) -> str:
        time.sleep(1)
        return super().decide(key, action, who, why)


class SlowModel(signatures_examples.Model):
    def take(self, name: str, split: str, row: int) -> dict[str, str]:
        time.sleep(0.3)
        return super().take(name, split, row)

    def send(self, name: str, texts: Mapping[str, str]) -> Answered:
        time.sleep(0.7)
        return super().send(name, texts)


def slow_form() -> Signatures:
    return signatures_examples.form(SlowModel())


def slow_parameters() -> Parameters:
    return Parameters(SlowDesk())


def slow_anomalies() -> Anomalies:
    return Anomalies(decision_examples.few_anomalies(), SlowDecisions().decide, opened="eval/age/LOW")
