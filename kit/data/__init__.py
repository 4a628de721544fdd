"""From data files to checked examples: reading, ExampleGen, statistics, schema, validation."""
