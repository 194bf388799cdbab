-- Which worker a position belongs to: the one that was started last. An earlier one finds itself superseded.
ALTER TABLE positions ADD worker nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL CONSTRAINT positions_worker DEFAULT N'';

-- The operator's word that an epoch is to be shown although the one that is shown knows more of some series.
ALTER TABLE epochs ADD wanted bit NOT NULL CONSTRAINT epochs_wanted DEFAULT 0;
