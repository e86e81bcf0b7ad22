package org.memarium.mm.file;

import org.memarium.mm.IntervalTree;

/** One area's entry in the {@code i_mmap} of a file: the pages of the file that the area maps. */
public final class FileMapping extends IntervalTree.Node<FileMapping> {
  private final FileMapper mapper;

  /** An entry that is in no tree yet. */
  public FileMapping(FileMapper mapper) {
    this.mapper = mapper;
  }

  /** The area. */
  public FileMapper mapper() {
    return mapper;
  }
}
