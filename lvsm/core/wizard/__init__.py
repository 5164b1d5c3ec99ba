"""The configurator's thinking: questions, what an answer may be, what the files then say."""
