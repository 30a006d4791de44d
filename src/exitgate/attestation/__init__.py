"""From a record to something that can be trusted by somebody who was not there: bundle, signed statement, verification, lock."""
