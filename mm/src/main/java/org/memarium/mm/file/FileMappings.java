package org.memarium.mm.file;

import org.jspecify.annotations.Nullable;
import org.memarium.mm.Audit;
import org.memarium.mm.IntervalTree;

/**
 * {@code i_mmap} of a file: the areas that map it, by the pages that they map (Linux {@code
 * mm/interval_tree.c}).
 */
public final class FileMappings {
  private final IntervalTree<FileMapping> tree = new IntervalTree<>();

  FileMappings() {}

  /**
   * {@code vma_interval_tree_insert}: an area maps pages of the file from now on.
   *
   * @param first the first page
   * @param last the last page, inclusive
   */
  public void add(FileMapping mapping, long first, long last) {
    tree.insert(mapping, first, last);
  }

  /** {@code vma_interval_tree_remove}: an area does not map these pages of the file any more. */
  public void remove(FileMapping mapping) {
    tree.remove(mapping);
  }

  /** {@code !mapping_mapped}: whether no area maps the file. */
  public boolean isEmpty() {
    return tree.isEmpty();
  }

  /**
   * {@code mapping_writably_mapped}: whether what is written through some area reaches the file.
   */
  public boolean isWritable() {
    for (FileMapping mapping = first(0, Long.MAX_VALUE);
        mapping != null;
        mapping = next(mapping, 0, Long.MAX_VALUE)) {
      if (mapping.mapper().mayWriteToFile()) {
        return true;
      }
    }
    return false;
  }

  /** The first area that maps a page of [first, last], both inclusive; null if there is none. */
  public @Nullable FileMapping first(long first, long last) {
    return tree.firstOverlap(first, last);
  }

  /** The next one. */
  public @Nullable FileMapping next(FileMapping mapping, long first, long last) {
    return tree.nextOverlap(mapping, first, last);
  }

  void audit(Audit audit, String owner) {
    tree.audit(audit, owner);
  }
}
