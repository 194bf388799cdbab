-- Series of which something was projected into a customer's table: where the other values of a receiver key are found.
CREATE TABLE known_series (
    metering_point text NOT NULL,
    source text NOT NULL,
    delivery_category text NOT NULL,
    PRIMARY KEY (metering_point, source, delivery_category)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS points_by_receiver_key ON points (receiver_key);

-- As what each partition's values stand in a customer's table. ledger: the table that notes what was put there.
CREATE TABLE projected (
    ledger text NOT NULL,
    topic_partition integer NOT NULL,
    fingerprint text NOT NULL,
    PRIMARY KEY (ledger, topic_partition)
) WITHOUT ROWID;

-- Metering points of which all is still to be projected; reason: why the customer's table refuses their rows.
CREATE TABLE unprojected (
    ledger text NOT NULL,
    metering_point text NOT NULL,
    topic_partition integer NOT NULL,
    reason text,
    PRIMARY KEY (ledger, metering_point)
) WITHOUT ROWID;
