//! The partition of a key, as Kafka's own Java producer chooses it.

/// The partition of `key` among `partitions`, which must be positive: murmur2 of the key, its sign bit
/// cleared, modulo (`BuiltInPartitioner.partitionForKey` and `Utils.toPositive` of Kafka's clients).
pub fn by_key(key: &[u8], partitions: i32) -> i32 {
    let hash = murmur2::murmur2(key, murmur2::KAFKA_SEED) & 0x7fff_ffff;
    hash.cast_signed() % partitions.max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of Kafka's own `UtilsTest.testMurmur2`.
    #[test]
    fn murmur2_is_that_of_kafka() {
        for (key, expected) in [
            (&b"21"[..], -973_932_308),
            (b"foobar", -790_332_482),
            (b"a-little-bit-long-string", -985_981_536),
            (b"a-little-bit-longer-string", -1_486_304_829),
            (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            (b"abc", 479_470_107),
        ] {
            assert_eq!(murmur2::murmur2(key, murmur2::KAFKA_SEED).cast_signed(), expected, "{key:?}");
        }
    }

    #[test]
    fn negative_hashes_lose_their_sign_bit_and_nothing_else() {
        assert_eq!(by_key(b"21", 7), (-973_932_308 & 0x7fff_ffff) % 7);
        assert_eq!(by_key(b"abc", 7), 479_470_107 % 7);
        assert_eq!(by_key(b"", 1), 0);
    }
}
