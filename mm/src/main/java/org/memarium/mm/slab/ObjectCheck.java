package org.memarium.mm.slab;

import org.jspecify.annotations.Nullable;

/**
 * The bytes in and around an object: what they must be, and what is done if they are not (Linux 6.1
 * {@code mm/slub.c}: {@code init_object}, {@code check_object}).
 *
 * <pre>
 *   0x5a  POISON_INUSE       padding, and what nobody wrote yet
 *   0x6b  POISON_FREE        the bytes of a free object
 *   0xa5  POISON_END         its last byte
 *   0xbb  SLUB_RED_INACTIVE  red zones of a free object
 *   0xcc  SLUB_RED_ACTIVE    red zones of an object in use
 * </pre>
 *
 * <p>The red zone of a kmalloc object begins behind the bytes that were asked for, as in Linux 6.2
 * and later, where slub_kunit has a test of it.
 */
final class ObjectCheck {
  static final int POISON_INUSE = 0x5a;
  static final int POISON_FREE = 0x6b;
  static final int POISON_END = 0xa5;
  static final int RED_INACTIVE = 0xbb;
  static final int RED_ACTIVE = 0xcc;

  private final KmemCache cache;
  private final SlabMemory memory;
  private final SlabLayout layout;
  private final SlabTrack track;
  private final SlabReport report;
  private final boolean redZone;
  private final boolean poison;
  private final boolean objectPoison;

  /** Where damage is named instead of being reported and repaired; null: report and repair. */
  private @Nullable StringBuilder onlyNames;

  ObjectCheck(KmemCache cache, SlabTrack track, SlabReport report) {
    this.cache = cache;
    this.memory = cache.allocator().slabMemory();
    this.layout = cache.layout();
    this.track = track;
    this.report = report;
    redZone = (layout.flags() & SlabFlags.RED_ZONE) != 0;
    poison = (layout.flags() & SlabFlags.POISON) != 0;
    objectPoison = (layout.flags() & SlabFlags.OBJECT_POISON) != 0;
  }

  // ---- Writing ----

  /** {@code init_object}: as an object of this state must look. */
  void initObject(long object, int red) {
    int bytes = layout.objectSize();
    if (redZone) {
      memory.fill(object - layout.redLeftPad(), layout.redLeftPad(), red);
      if (red == RED_ACTIVE) {
        bytes = track.sizeAsked(object);
      }
    }
    if (objectPoison && bytes > 0) {
      memory.fill(object, bytes - 1L, POISON_FREE);
      memory.fill(object + bytes - 1, 1, POISON_END);
    }
    if (redZone) {
      memory.fill(object + bytes, layout.inuse() - (long) bytes, red);
    }
  }

  /** {@code krealloc}: the red zone of an object begins elsewhere now. */
  void moveRedZone(long object, int bytes) {
    if (redZone) {
      memory.fill(object + bytes, layout.inuse() - (long) bytes, RED_ACTIVE);
    }
  }

  // ---- Checking ----

  /** {@code check_valid_pointer}: 0, or an object of the slab. */
  boolean isValidPointer(int slab, long object) {
    if (object == 0) {
      return true;
    }
    long distance = object - layout.redLeftPad() - memory.address(slab);
    return distance >= 0
        && distance < (long) memory.slabs.objects(slab) * layout.size()
        && distance % layout.size() == 0;
  }

  /**
   * {@code check_object}: reports and repairs all that is wrong with an object.
   *
   * @param red {@link #RED_ACTIVE} if it is in use, {@link #RED_INACTIVE} if it is free
   * @return whether nothing was wrong
   */
  boolean checkObject(int slab, long object, int red) {
    boolean good = true;
    long end = object + layout.objectSize();
    int behind = layout.inuse() - layout.objectSize();
    if (redZone) {
      good &=
          checkBytes(
              slab, object, "Left Redzone", object - layout.redLeftPad(), red, layout.redLeftPad());
      good &= checkBytes(slab, object, "Right Redzone", end, red, behind);
      int asked = track.sizeAsked(object);
      if (red == RED_ACTIVE && layout.objectSize() > asked) {
        good &=
            checkBytes(
                slab, object, "kmalloc Redzone", object + asked, red, layout.objectSize() - asked);
      }
    } else if (poison && behind > 0) {
      good &= checkBytes(slab, object, "Alignment padding", end, POISON_INUSE, behind);
    }
    if (poison) {
      if (red != RED_ACTIVE && objectPoison) {
        good &= checkBytes(slab, object, "Poison", object, POISON_FREE, layout.objectSize() - 1);
        good &= checkBytes(slab, object, "End Poison", end - 1, POISON_END, 1);
      }
      good &= checkPadding(slab, object);
    }
    boolean pointerBehind = layout.offset() >= layout.inuse();
    if ((pointerBehind || red != RED_ACTIVE)
        && !isValidPointer(slab, memory.getPointer(object + layout.offset()))) {
      if (onlyNames != null) {
        onlyNames.append("Freepointer corrupt");
      } else {
        report.objectError(slab, object, "Freepointer corrupt");
        memory.setPointer(object + layout.offset(), 0);
      }
      good = false;
    }
    return good;
  }

  /** {@code check_pad_bytes}: what is behind everything that is kept with the object. */
  private boolean checkPadding(int slab, long object) {
    int end = track.end();
    int place = layout.size() - layout.redLeftPad();
    return end == place
        || checkBytes(slab, object, "Object padding", object + end, POISON_INUSE, place - end);
  }

  /** {@code slab_pad_check}: what is behind the last object. */
  boolean checkSlabPadding(int slab) {
    long base = memory.address(slab);
    int slabBytes = cache.node().slabBytes(slab);
    int remainder = slabBytes % layout.size();
    if (!poison || remainder == 0) {
      return true;
    }
    long pad = base + slabBytes - remainder;
    long first = firstWrong(pad, POISON_INUSE, remainder);
    if (first == 0) {
      return true;
    }
    long end = endOfWrong(first, base + slabBytes, POISON_INUSE);
    if (onlyNames != null) {
      onlyNames.append("Padding overwritten");
    } else {
      report.paddingOverwritten(slab, first, end, pad, remainder);
      restore("slab padding", POISON_INUSE, first, end);
    }
    return false;
  }

  /** {@code check_bytes_and_report}. */
  private boolean checkBytes(int slab, long object, String what, long start, int value, int bytes) {
    long first = firstWrong(start, value, bytes);
    if (first == 0) {
      return true;
    }
    if (onlyNames != null) {
      onlyNames.append(what).append(" overwritten");
      return false;
    }
    long end = endOfWrong(first, start + bytes, value);
    report.overwritten(slab, object, what, first, end, value);
    restore(what, value, first, end);
    return false;
  }

  /** {@code memchr_inv}: the first byte that is not {@code value}; 0 if all are. */
  private long firstWrong(long start, int value, int bytes) {
    for (long at = start; at < start + bytes; at++) {
      if (memory.getByte(at) != value) {
        return at;
      }
    }
    return 0;
  }

  private long endOfWrong(long first, long limit, int value) {
    long end = limit;
    while (end > first && memory.getByte(end - 1) == value) {
      end--;
    }
    return end;
  }

  /** {@code restore_bytes}. */
  private void restore(String what, int value, long from, long end) {
    report.fix(
        "Restoring %s %s-%s=0x%x"
            .formatted(what, report.pointer(from), report.pointer(end - 1), value));
    memory.fill(from, end - from, value);
  }

  /**
   * What is wrong with an object, for the audit: nothing is reported or repaired.
   *
   * @return empty if nothing is
   */
  String damage(int slab, long object, int red) {
    StringBuilder names = new StringBuilder();
    onlyNames = names;
    boolean good = checkObject(slab, object, red);
    onlyNames = null;
    return good ? "" : names.toString();
  }

  /** The same for what is behind the last object. */
  String slabDamage(int slab) {
    StringBuilder names = new StringBuilder();
    onlyNames = names;
    boolean good = checkSlabPadding(slab);
    onlyNames = null;
    return good ? "" : names.toString();
  }
}
