-- Series of which something was projected into a customer's table: where the other values of a receiver key are found.
CREATE TABLE known_series (
    metering_point nvarchar(256) COLLATE Latin1_General_100_BIN2 NOT NULL,
    source nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    delivery_category nvarchar(64) COLLATE Latin1_General_100_BIN2 NOT NULL,
    PRIMARY KEY (metering_point, source, delivery_category)
);
CREATE INDEX points_by_receiver_key ON points (receiver_key);

-- As what each partition's values stand in a customer's table. ledger: the table that notes what was put there.
CREATE TABLE projected (
    ledger nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    topic_partition int NOT NULL,
    fingerprint nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    PRIMARY KEY (ledger, topic_partition)
);

-- Metering points of which all is still to be projected; reason: why the customer's table refuses their rows.
CREATE TABLE unprojected (
    ledger nvarchar(100) COLLATE Latin1_General_100_BIN2 NOT NULL,
    metering_point nvarchar(256) COLLATE Latin1_General_100_BIN2 NOT NULL,
    topic_partition int NOT NULL,
    reason nvarchar(max) COLLATE Latin1_General_100_BIN2,
    PRIMARY KEY (ledger, metering_point)
);
