"""Labels of broadcasts and numbers."""

from __future__ import annotations

from ringcast.apis.callfire_1_1 import data_types as data
from ringcast.apis.callfire_1_1 import handlers_labels as labels
from ringcast.apis.callfire_1_1.operation import Operation
from ringcast.apis.callfire_1_1.operations.building import does, lists

__all__ = ["LABEL_OPERATIONS"]

LABEL_OPERATIONS: tuple[Operation, ...] = (
    does("label", "DeleteLabel", "DELETE", "/label", handler=labels.delete_label),
    lists("label", "QueryLabels", "/label", data.LABEL, handler=labels.query_labels),
    does(
        "label", "LabelBroadcast", "POST", "/label/broadcast/{Id}", handler=labels.label_broadcast
    ),
    does(
        "label",
        "UnlabelBroadcast",
        "DELETE",
        "/label/broadcast/{Id}",
        handler=labels.unlabel_broadcast,
    ),
    does("label", "LabelNumber", "POST", "/label/number/{Number}", handler=labels.label_number),
    does(
        "label", "UnlabelNumber", "DELETE", "/label/number/{Number}", handler=labels.unlabel_number
    ),
)
