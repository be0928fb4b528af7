"""Evaluates IAM policies: identity, session, trust and bucket policies, with the conditions that ours use."""

import json
import re


def _listed(value):
    return value if isinstance(value, list) else [value]


def _like(pattern, text, ignore_case=False):
    # `${*}` is how a policy writes an asterisk that stands for itself.
    tokens = re.findall(r"\$\{[*?$]\}|.", pattern, re.DOTALL)
    parts = (".*" if c == "*" else "." if c == "?" else re.escape(c[2] if len(c) > 1 else c) for c in tokens)
    return re.fullmatch("".join(parts), text, re.DOTALL | (re.IGNORECASE if ignore_case else 0)) is not None


def _action_concerned(statement, action):
    if "NotAction" in statement:
        return not any(_like(pattern, action, True) for pattern in _listed(statement["NotAction"]))
    return any(_like(pattern, action, True) for pattern in _listed(statement["Action"]))


def _resource_concerned(statement, resource):
    if "Resource" not in statement:
        return True
    return any(_like(pattern, resource) for pattern in _listed(statement["Resource"]))


def _principal_concerned(statement, caller):
    if "Principal" not in statement:
        return True
    principal = statement["Principal"]
    if principal == "*":
        return True
    accepted = _listed(principal.get("AWS", []))
    if caller is None:
        return "*" in accepted
    root = f"arn:aws:iam::{caller.account}:root"
    return any(one in ("*", caller.account, root, caller.arn) for one in accepted)


def _holds(operator, expected, actual):
    if operator.startswith("ForAnyValue:"):
        operator = operator.removeprefix("ForAnyValue:")
        return any(_holds(operator, expected, one) for one in actual or [])
    if operator.endswith("IfExists"):
        if actual is None:
            return True
        operator = operator.removesuffix("IfExists")
    if operator == "StringEquals":
        return actual in expected
    if operator == "StringNotEquals":
        return actual not in expected
    if operator in ("StringLike", "ArnLike"):
        return actual is not None and any(_like(pattern, actual) for pattern in expected)
    if operator == "Bool":
        return actual in [str(value).lower() for value in expected]
    raise NotImplementedError(f"condition operator {operator}")


def _conditions_hold(statement, context):
    return all(
        _holds(operator, _listed(expected), context.get(key))
        for operator, block in statement.get("Condition", {}).items()
        for key, expected in block.items()
    )


def allows(documents, action, resource, caller=None, context=None):
    """Whether these policies together allow the action: some statement allows it and none denies it."""
    allowed = False
    for document in documents:
        for statement in _listed(json.loads(document)["Statement"]):
            if (
                _action_concerned(statement, action)
                and _resource_concerned(statement, resource)
                and _principal_concerned(statement, caller)
                and _conditions_hold(statement, context or {})
            ):
                if statement["Effect"] == "Deny":
                    return False
                allowed = True
    return allowed
