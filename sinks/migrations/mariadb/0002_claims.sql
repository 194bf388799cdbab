-- Which worker a position belongs to: the one that was started last. An earlier one finds itself superseded.
ALTER TABLE positions ADD COLUMN worker varchar(255) NOT NULL DEFAULT '';

-- The operator's word that an epoch is to be shown although the one that is shown knows more of some series.
ALTER TABLE epochs ADD COLUMN wanted boolean NOT NULL DEFAULT FALSE;
