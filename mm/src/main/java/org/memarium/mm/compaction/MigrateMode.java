package org.memarium.mm.compaction;

/** {@code enum migrate_mode}: how much a migration may wait; the lightest first, as in Linux. */
public enum MigrateMode {
  /** {@code MIGRATE_ASYNC}: never waits, and so takes no page that would have to be written. */
  ASYNC,
  /** {@code MIGRATE_SYNC_LIGHT}: waits, but not for writeback. */
  SYNC_LIGHT,
  /** {@code MIGRATE_SYNC}: waits for everything. */
  SYNC
}
