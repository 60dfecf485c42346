"""What the lab measures, a folder each: records, plan, measurement, statistics, charts, text."""
