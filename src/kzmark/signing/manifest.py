"""From a mark to what a C2PA manifest says: data in, data out; one definition, two writers.

C2PA 2.4, 18.15 (actions), 18.16 (ingredients), 18.28 (AI disclosure); CAWG training and data
mining 1.1.
"""

import uuid
from typing import Any, Final, NamedTuple, Self

from kzmark.mark import Mark, System
from kzmark.vocabulary import Operation, Oversight, SourceType, Training

# The record stands under the project's own name: no domain is claimed that nobody owns.
RECORD: Final = "kzmark.record"
ACTIONS: Final = "c2pa.actions.v2"
DISCLOSURE: Final = "c2pa.ai-disclosure"
TRAINING: Final = "cawg.training-mining"
INGREDIENT: Final = "c2pa.ingredient"
SPEC_VERSION: Final = "2.4.0"
GENERATOR: Final = "kzmark"
TRAINED_DATA: Final = "http://c2pa.org/digitalsourcetype/trainedAlgorithmicData"
PARENT: Final = "parent"  # joins the action `opened` and its ingredient; it is not written

# Article 23(5) speaks of training AI models, of whatever kind; it is silent on mining and on use.
_TRAINED: Final = ("cawg.ai_training", "cawg.ai_generative_training")


class Saying(NamedTuple):
    """What the assertions say, the record aside: the same for every file of a pipeline."""

    operation: Operation
    source: str
    system: System
    human_oversight: Oversight | None
    training: Training | None

    @classmethod
    def of(cls, mark: Mark, *, is_data: bool = False) -> Self:
        """Return the part of a mark that its assertions repeat.

        Of data that is no medium, C2PA has a word of its own (2.2, 18.14.4.5); the record keeps
        that of IPTC, which has none.
        """
        wholly = mark.source_type is SourceType.TRAINED
        source = TRAINED_DATA if is_data and wholly else mark.source_type.uri
        return cls(mark.operation, source, mark.system, mark.human_oversight, mark.training)


def definition(
    mark: Mark, *, version: str, keeps_parent: bool, is_data: bool = False
) -> dict[str, Any]:
    """Return the manifest that states a mark, as c2pa-rs takes it.

    Every assertion is `created`: the signer answers for it (C2PA 2.4, 10.2.2); c2pa-rs would
    file the mandatory action among the gathered ones, which strict verifiers refuse.

    Args:
        mark: What it states.
        version: Version of kzmark.
        keeps_parent: Whether an ingredient `parentOf` is added under the label `PARENT`. Always
            so for a modified file, and for every file that carries an earlier manifest.
        is_data: Whether the file is data, not a medium.
    """
    saying = Saying.of(mark, is_data=is_data)
    acts = actions_assertion(saying, keeps_parent=keeps_parent)
    said = {ACTIONS: acts, RECORD: mark.to_dict(), **standing(saying)}
    assertions = [{"label": label, "created": True, "data": data} for label, data in said.items()]
    return {"claim_generator_info": [generator(version)], "assertions": assertions}


def generator(version: str) -> dict[str, str]:
    """Return what made the claim."""
    return {"name": GENERATOR, "version": version, "specVersion": SPEC_VERSION}


def standing(said: Saying) -> dict[str, Any]:
    """Return the assertions that need neither the record nor a parent, by label."""
    found: dict[str, Any] = {DISCLOSURE: disclosure(said)}
    if said.training:
        found[TRAINING] = training(said.training)
    return found


def actions_assertion(
    said: Saying, *, keeps_parent: bool, parent: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Return the assertion of all actions; `parent` is the hashed URI of the ingredient."""
    return {"actions": actions(said, keeps_parent, parent=parent), "allActionsIncluded": True}


def actions(
    said: Saying,
    keeps_parent: bool,  # noqa: FBT001 - a clear word
    *,
    parent: dict[str, Any] | None = None,
) -> list[dict[str, Any]]:
    """Return the actions: created, or opened from the parent and edited.

    A manifest has exactly one of `c2pa.created` and `c2pa.opened`, and `opened` says no source
    type (2.4, 18.15.4.7). What an AI system created and somebody signed before is opened too:
    `created` beside a parent would say that there was nothing before.
    """
    act = {
        "digitalSourceType": said.source,
        "softwareAgent": _agent(said.system),
    }
    if said.operation is Operation.CREATED and not keeps_parent:
        return [{"action": "c2pa.created", **act}]
    named = {"ingredients": [parent]} if parent else {"ingredientIds": [PARENT]}
    return [{"action": "c2pa.opened", "parameters": named}, {"action": "c2pa.edited", **act}]


def ingredient(mime: str) -> dict[str, Any]:
    """Return the parent, a file without a manifest of its own, as its ingredient says it."""
    return {
        "relationship": "parentOf",
        "dc:format": mime,
        "instanceID": f"xmp.iid:{uuid.uuid4()}",
    }


def disclosure(said: Saying) -> dict[str, Any]:
    """Return the AI disclosure; the kind of model is not known here, its name is."""
    words: dict[str, Any] = {"modelType": "c2pa.types.model", "modelName": said.system.name}
    if said.human_oversight:
        words["contentProfile"] = {"humanOversightLevel": said.human_oversight.value}
    return words


def training(permission: Training) -> dict[str, Any]:
    """Return what the file says about training AI models on it."""
    use: dict[str, str] = {"use": permission.cawg_use}
    if permission is Training.CONSTRAINED:
        use["constraint_info"] = "ask the party named in kzmark.record"
    return {"entries": dict.fromkeys(_TRAINED, use)}


def _agent(system: System) -> dict[str, str]:
    agent = {"name": system.name}
    return agent | {"version": system.version} if system.version else agent
