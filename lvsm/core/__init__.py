"""Decisions as functions from data to data: no clock, socket, file, randomness or log in here."""
