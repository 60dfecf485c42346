"""How `jupyter nbconvert --execute` stores the notebooks: no timings, nothing of this computer's
Python, so that executing again changes nothing but what the cells put out."""

c = get_config()  # noqa: F821  what nbconvert gives to its configuration
c.ExecutePreprocessor.record_timing = False
c.ExecutePreprocessor.timeout = 300
c.ClearMetadataPreprocessor.enabled = True
c.ClearMetadataPreprocessor.preserve_cell_metadata_mask = {"tags"}
c.ClearMetadataPreprocessor.preserve_nb_metadata_mask = {"kernelspec", ("language_info", "name")}
