"""Starting instances and reading what they cost: session, sampler, load generator, clean-up."""
