-- Records that an operator asks the worker to take once more (meterstream dead-letters replay); it removes what it took.
CREATE TABLE IF NOT EXISTS put_backs (
    epoch varchar(255) NOT NULL,
    dead_letter_id varchar(255) NOT NULL,
    topic_partition integer NOT NULL,
    record_offset bigint NOT NULL,
    record_key longblob,
    record_value longblob,
    record_headers longblob NOT NULL,
    PRIMARY KEY (epoch, dead_letter_id)
) ENGINE = InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin;
