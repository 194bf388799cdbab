-- Series of which something was projected into a customer's table: where the other values of a receiver key are found.
CREATE TABLE IF NOT EXISTS known_series (
    metering_point varchar(255) NOT NULL,
    source varchar(255) NOT NULL,
    delivery_category varchar(255) NOT NULL,
    PRIMARY KEY (metering_point, source, delivery_category)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
-- By ALTER: CREATE INDEX would want another right.
ALTER TABLE points ADD INDEX points_by_receiver_key (receiver_key);

-- As what each partition's values stand in a customer's table. ledger: the table that notes what was put there.
CREATE TABLE IF NOT EXISTS projected (
    ledger varchar(255) NOT NULL,
    topic_partition integer NOT NULL,
    fingerprint varchar(255) NOT NULL,
    PRIMARY KEY (ledger, topic_partition)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Metering points of which all is still to be projected; reason: why the customer's table refuses their rows.
CREATE TABLE IF NOT EXISTS unprojected (
    ledger varchar(255) NOT NULL,
    metering_point varchar(255) NOT NULL,
    topic_partition integer NOT NULL,
    reason text,
    PRIMARY KEY (ledger, metering_point)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
