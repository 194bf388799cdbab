-- A statement here may have been run before: CREATE and ALTER commit by themselves, and then the worker died.
-- Whose tables these are: a database holds one receiver.
CREATE TABLE IF NOT EXISTS receiver (
    name varchar(255) PRIMARY KEY
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- The generations of topics delivered here. One is live: the view meter_values shows its rows.
CREATE TABLE IF NOT EXISTS epochs (
    epoch varchar(255) PRIMARY KEY,
    topic_id varchar(255) NOT NULL,
    rows_table varchar(255) NOT NULL UNIQUE,
    live boolean NOT NULL
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- The next record to read. Moved by compare-and-set in the transaction that writes the rows.
CREATE TABLE IF NOT EXISTS positions (
    epoch varchar(255) NOT NULL,
    topic_partition integer NOT NULL,
    next_offset bigint NOT NULL,
    points varchar(255) NOT NULL,
    filled boolean NOT NULL,
    PRIMARY KEY (epoch, topic_partition)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;

-- Rows that this database did not take; the dead letter holds each whole.
CREATE TABLE IF NOT EXISTS refused_rows (
    epoch varchar(255) NOT NULL,
    topic_partition integer NOT NULL,
    record_offset bigint NOT NULL,
    dead_letter_id varchar(255) NOT NULL,
    reason text NOT NULL,
    refused_at varchar(40) NOT NULL,
    PRIMARY KEY (epoch, topic_partition, record_offset)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
