package org.memarium.mm.space;

/** What the calling process may do with files that are mapped. */
@FunctionalInterface
public interface FileAccess {
  /** Who may do everything. */
  FileAccess ALL = file -> true;

  /**
   * {@code inode_owner_or_capable} or {@code file_permission} for {@code MAY_WRITE}: whether the
   * caller owns the file or could open it for writing. Only such a one may learn, or decide, which
   * of its pages are in memory.
   */
  boolean mayWrite(MappedFile file);
}
