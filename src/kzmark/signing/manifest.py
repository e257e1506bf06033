"""From a mark to the definition of a C2PA manifest: data in, data out.

C2PA 2.4, 18.15 (actions), 18.16 (ingredients), 18.28 (AI disclosure); CAWG training and data
mining 1.1.
"""

from typing import Any, Final

from kzmark.mark import Mark, System
from kzmark.vocabulary import Operation, Training

# The record stands under the project's own name: no domain is claimed that nobody owns.
RECORD: Final = "kzmark.record"
ACTIONS: Final = "c2pa.actions.v2"
DISCLOSURE: Final = "c2pa.ai-disclosure"
TRAINING: Final = "cawg.training-mining"
INGREDIENT: Final = "c2pa.ingredient"
SPEC_VERSION: Final = "2.4.0"
PARENT: Final = "parent"  # joins the action `opened` and its ingredient; it is not written

# Article 23(5) speaks of training AI models, of whatever kind; it is silent on mining and on use.
_TRAINED: Final = ("cawg.ai_training", "cawg.ai_generative_training")


def definition(mark: Mark, *, version: str, keeps_parent: bool) -> dict[str, Any]:
    """Return the manifest that states a mark.

    Every assertion is `created`: the signer answers for it (C2PA 2.4, 10.2.2); c2pa-rs would
    file the mandatory action among the gathered ones, which strict verifiers refuse.

    Args:
        mark: What it states.
        version: Version of kzmark.
        keeps_parent: Whether an ingredient `parentOf` is added under the label `PARENT`. Always
            so for a modified file, and for every file that carries an earlier manifest.
    """
    assertions = [
        _assertion(ACTIONS, {"actions": actions(mark, keeps_parent), "allActionsIncluded": True}),
        _assertion(RECORD, mark.to_dict()),
        _assertion(DISCLOSURE, disclosure(mark)),
    ]
    if mark.training:
        assertions.append(_assertion(TRAINING, training(mark.training)))
    generator = {"name": "kzmark", "version": version, "specVersion": SPEC_VERSION}
    return {"claim_generator_info": [generator], "assertions": assertions}


def actions(mark: Mark, keeps_parent: bool) -> list[dict[str, Any]]:  # noqa: FBT001 - a clear word
    """Return the actions: created, or opened from the parent and edited.

    A manifest has exactly one of `c2pa.created` and `c2pa.opened`, and `opened` says no source
    type (2.4, 18.15.4.7). What an AI system created and somebody signed before is opened too:
    `created` beside a parent would say that there was nothing before.
    """
    act = {
        "digitalSourceType": mark.source_type.uri,
        "softwareAgent": _agent(mark.system),
    }
    if mark.operation is Operation.CREATED and not keeps_parent:
        return [{"action": "c2pa.created", **act}]
    opened = {"action": "c2pa.opened", "parameters": {"ingredientIds": [PARENT]}}
    return [opened, {"action": "c2pa.edited", **act}]


def disclosure(mark: Mark) -> dict[str, Any]:
    """Return the AI disclosure; the kind of model is not known here, its name is."""
    said: dict[str, Any] = {"modelType": "c2pa.types.model", "modelName": mark.system.name}
    if mark.human_oversight:
        said["contentProfile"] = {"humanOversightLevel": mark.human_oversight.value}
    return said


def training(permission: Training) -> dict[str, Any]:
    """Return what the file says about training AI models on it."""
    use: dict[str, str] = {"use": permission.cawg_use}
    if permission is Training.CONSTRAINED:
        use["constraint_info"] = "ask the party named in kzmark.record"
    return {"entries": dict.fromkeys(_TRAINED, use)}


def _assertion(label: str, data: dict[str, Any]) -> dict[str, Any]:
    return {"label": label, "created": True, "data": data}


def _agent(system: System) -> dict[str, str]:
    agent = {"name": system.name}
    return agent | {"version": system.version} if system.version else agent
