"""The benchmark: startup, memory and CPU of the same workload behind each boundary."""

from labkit.lazy import attach

__getattr__, __all__ = attach(
    __name__,
    charts=".charts",
    compare=".comparison:compare",
    data_quality=".data_quality",
    describe=".planning:describe",
    plan=".experiment:plan",
    published=".published",
    run=".experiment:run",
    schedule="labkit.measure.schedule:schedule",
    stats=".stats",
    table_text=".text:table_text",
    virtualized=".virtualized",
)
