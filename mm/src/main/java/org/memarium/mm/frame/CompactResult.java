package org.memarium.mm.frame;

/**
 * {@code enum compact_result}: how a compaction ended (Linux {@code include/linux/compaction.h}).
 */
public enum CompactResult {
  /** {@code COMPACT_NOT_SUITABLE_ZONE}. */
  NOT_SUITABLE_ZONE,
  /** {@code COMPACT_SKIPPED}: did not start, too little memory is free. */
  SKIPPED,
  /** {@code COMPACT_DEFERRED}: did not start, because it failed of late. */
  DEFERRED,
  /** {@code COMPACT_NO_SUITABLE_PAGE}. */
  NO_SUITABLE_PAGE,
  /** {@code COMPACT_CONTINUE}: more pageblocks to do. */
  CONTINUE,
  /** {@code COMPACT_COMPLETE}: did all of the zone, and there is no page to take. */
  COMPLETE,
  /** {@code COMPACT_PARTIAL_SKIPPED}: did a part of the zone, and there is no page to take. */
  PARTIAL_SKIPPED,
  /** {@code COMPACT_CONTENDED}: gave up. */
  CONTENDED,
  /** {@code COMPACT_SUCCESS}: a block of the order asked for is free. */
  SUCCESS;

  /** {@code compaction_withdrawn}: whether it stopped before it had done everything. */
  public boolean isWithdrawn() {
    return this == SKIPPED || this == DEFERRED || this == CONTENDED || this == PARTIAL_SKIPPED;
  }
}
