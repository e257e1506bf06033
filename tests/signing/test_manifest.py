from typing import Any

import pytest
from tests.conftest import make_mark

from kzmark.mark import System
from kzmark.signing import manifest
from kzmark.vocabulary import IPTC_SOURCE_TYPE, Operation, Oversight, SourceType, Training


def assertions(keeps_parent: bool = False, **fields: object) -> dict[str, Any]:
    said = manifest.definition(make_mark(**fields), version="1", keeps_parent=keeps_parent)  # type: ignore[arg-type]  # fields of a mark, by name
    return {one["label"]: one["data"] for one in said["assertions"]}


def test_what_was_created_says_so_with_its_source_type() -> None:
    actions = assertions()["c2pa.actions.v2"]

    assert actions["allActionsIncluded"] is True
    assert actions["actions"] == [
        {
            "action": "c2pa.created",
            "digitalSourceType": IPTC_SOURCE_TYPE + "trainedAlgorithmicMedia",
            "softwareAgent": {"name": "ImageGen", "version": "2.1"},
        }
    ]


def test_of_data_the_action_says_the_word_that_c2pa_has_for_it() -> None:
    def said(kind: SourceType) -> str:
        made = manifest.definition(
            make_mark(source_type=kind), version="1", keeps_parent=False, is_data=True
        )
        acts = {one["label"]: one["data"] for one in made["assertions"]}["c2pa.actions.v2"]
        return str(acts["actions"][0]["digitalSourceType"])

    assert said(SourceType.TRAINED) == "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData"
    assert said(SourceType.COMPOSITE_SYNTHETIC) == IPTC_SOURCE_TYPE + "compositeSynthetic"


@pytest.mark.parametrize("operation", list(Operation))
def test_a_parent_is_opened_without_a_source_type_then_edited(operation: Operation) -> None:
    kind = SourceType.COMPOSITE_WITH_TRAINED
    said = assertions(keeps_parent=True, operation=operation, source_type=kind)
    opened, edited = said["c2pa.actions.v2"]["actions"]

    assert opened["action"] == "c2pa.opened"
    assert "digitalSourceType" not in opened
    assert opened["parameters"] == {"ingredientIds": [manifest.PARENT]}
    assert edited["action"] == "c2pa.edited"
    assert edited["digitalSourceType"] == kind.uri


def test_every_assertion_is_the_signers_own() -> None:
    said = manifest.definition(
        make_mark(training=Training.PROHIBITED), version="1", keeps_parent=False
    )

    assert all(one["created"] is True for one in said["assertions"])
    assert said["claim_generator_info"] == [
        {"name": "kzmark", "version": "1", "specVersion": "2.4.0"}
    ]


def test_the_record_stands_as_it_is() -> None:
    assert assertions()[manifest.RECORD] == make_mark().to_dict()


def test_human_oversight_is_said_only_where_it_is_known() -> None:
    silent = assertions()["c2pa.ai-disclosure"]
    known = assertions(human_oversight=Oversight.HUMAN_VALIDATED)["c2pa.ai-disclosure"]

    assert silent == {"modelType": "c2pa.types.model", "modelName": "ImageGen"}
    assert known["contentProfile"] == {"humanOversightLevel": "human_validated"}


@pytest.mark.parametrize(
    ("training", "use"),
    [("prohibited", "notAllowed"), ("constrained", "constrained"), ("allowed", "allowed")],
)
def test_training_speaks_of_every_ai_model(training: str, use: str) -> None:
    entries = assertions(training=Training(training))["cawg.training-mining"]["entries"]

    assert set(entries) == {"cawg.ai_training", "cawg.ai_generative_training"}
    assert {entry["use"] for entry in entries.values()} == {use}
    assert all(("constraint_info" in e) == (use == "constrained") for e in entries.values())


def test_nothing_is_said_of_training_unless_it_is_asked() -> None:
    assert "cawg.training-mining" not in assertions()


def test_a_system_without_a_version_has_no_empty_one() -> None:
    said = assertions(system=System(name="ImageGen"))

    assert said["c2pa.actions.v2"]["actions"][0]["softwareAgent"] == {"name": "ImageGen"}
