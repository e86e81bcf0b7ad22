package org.memarium.mm.slab;

/**
 * {@code struct track}: who allocated and who freed an object, kept behind it, and the size that
 * kmalloc was asked for (Linux 6.1 {@code mm/slub.c}).
 *
 * <pre>
 *   i386     0     addr    4  handle  8   cpu  12  pid   16  when   20 bytes
 *   x86_64   0     addr    8  handle  12  cpu  16  pid   24  when   32 bytes
 * </pre>
 *
 * <p>{@code addr} is the number of the call site in {@link SlabContext}; {@code handle}, the stack
 * depot's, is 0.
 */
final class SlabTrack {
  /** The track of the allocation. */
  static final int ALLOC = 0;

  /** The track of the free, behind the other. */
  static final int FREE = 1;

  private static final int TRACKS = 2;

  private final SlabMemory memory;
  private final SlabContext context;
  private final int wordBytes;
  private final int infoEnd;
  private final boolean tracks;
  private final boolean sizes;
  private final int objectSize;

  SlabTrack(KmemCache cache) {
    SlabAllocator allocator = cache.allocator();
    memory = allocator.slabMemory();
    context = allocator.context();
    wordBytes = allocator.geometry().wordBytes();
    SlabLayout layout = cache.layout();
    infoEnd = layout.infoEnd(wordBytes);
    tracks = (layout.flags() & SlabFlags.STORE_USER) != 0;
    sizes = SlabLayout.storesSizeAsked(layout.flags());
    objectSize = layout.objectSize();
  }

  /** {@code sizeof(struct track)}. */
  static int bytes(int wordBytes) {
    return wordBytes == Integer.BYTES ? 20 : 32;
  }

  private long at(long object, int which) {
    return object + infoEnd + (long) which * bytes(wordBytes);
  }

  /** {@code init_tracking}: nobody yet. */
  void clear(long object) {
    if (tracks) {
      memory.fill(at(object, ALLOC), TRACKS * (long) bytes(wordBytes), 0);
      if (sizes) {
        memory.setInt(at(object, TRACKS), 0);
      }
    }
  }

  /** {@code set_track}: whoever called into this package, now. */
  void set(long object, int which) {
    if (tracks) {
      long track = at(object, which);
      memory.setPointer(track, context.callSite(Caller.find()));
      memory.setInt(track + wordBytes, 0);
      memory.setInt(track + wordBytes + 4, 0);
      memory.setInt(track + wordBytes + 8, context.pid());
      memory.setPointer(track + whenOffset(), context.jiffies());
    }
  }

  private int whenOffset() {
    return wordBytes == Integer.BYTES ? 16 : 24;
  }

  /**
   * {@code print_track}: {@code Allocated in Machine.boot:12 age=3 cpu=0 pid=1}.
   *
   * @return empty if nothing was noted
   */
  String describe(long object, int which) {
    long track = at(object, which);
    long site = tracks ? memory.getPointer(track) : 0;
    if (site == 0) {
      return "";
    }
    long age = context.jiffies() - memory.getPointer(track + whenOffset());
    return "%s in %s age=%d cpu=%d pid=%d"
        .formatted(
            which == ALLOC ? "Allocated" : "Freed",
            context.callSite(site),
            wordBytes == Integer.BYTES ? age & 0xffff_ffffL : age,
            memory.getInt(track + wordBytes + 4),
            memory.getInt(track + wordBytes + 8));
  }

  /** {@code get_orig_size}: what kmalloc was asked for; the whole object if that is not kept. */
  int sizeAsked(long object) {
    return sizes ? memory.getInt(at(object, TRACKS)) : objectSize;
  }

  /** {@code set_orig_size}. */
  void setSizeAsked(long object, int bytes) {
    if (sizes) {
      memory.setInt(at(object, TRACKS), bytes);
    }
  }

  /** Where in an object's place the padding begins, counted from the object. */
  int end() {
    return infoEnd + (tracks ? TRACKS * bytes(wordBytes) : 0) + (sizes ? Integer.BYTES : 0);
  }
}
