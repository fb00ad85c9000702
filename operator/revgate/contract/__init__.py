"""Words that two programs share: exit table, reasons, report, names, and the one question of the gates.

Standard library only: this room runs in the operator, in the Job pod and in every gated app pod.
"""
