"""SchemaMigration and SchemaPlan: their types, from which the CRDs are generated."""
