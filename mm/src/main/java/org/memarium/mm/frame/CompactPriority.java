package org.memarium.mm.frame;

/** {@code enum compact_priority}: how hard a compaction tries; the hardest first, as in Linux. */
public enum CompactPriority {
  /** {@code COMPACT_PRIO_SYNC_FULL}: everything, skipped pageblocks and writeback included. */
  SYNC_FULL,
  /** {@code COMPACT_PRIO_SYNC_LIGHT}: waits, but not for writeback; the default. */
  SYNC_LIGHT,
  /** {@code COMPACT_PRIO_ASYNC}: never waits; what every attempt starts with. */
  ASYNC
}
