package org.memarium.malloc;

/** The designs there are. */
public enum MallocDesign {
  /** {@link FirstFit}. */
  FIRST_FIT("first-fit", 8),

  /** {@link BoundaryTags}. */
  BOUNDARY_TAGS("boundary-tags", 16),

  /** {@link SizeClasses}. */
  SIZE_CLASSES("size-classes", 16);

  private final String word;
  private final int alignment;

  MallocDesign(String word, int alignment) {
    this.word = word;
    this.alignment = alignment;
  }

  /** Its name in tables and options. */
  public String word() {
    return word;
  }

  /** What addresses of blocks are a multiple of. */
  public int alignment() {
    return alignment;
  }

  /** An empty heap of this design in a process's memory. */
  public Malloc create(ProcessMemory memory) {
    return switch (this) {
      case FIRST_FIT -> new FirstFit(memory);
      case BOUNDARY_TAGS -> new BoundaryTags(memory);
      case SIZE_CLASSES -> new SizeClasses(memory);
    };
  }
}
