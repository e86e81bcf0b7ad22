package org.memarium.kernel.procfs;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;
import org.memarium.mm.file.AddressSpace;
import org.memarium.mm.space.Vma;

/** The note by which a linker names what it made; Linux {@code lib/buildid.c}. */
final class BuildId {
  private static final int ELF_MAGIC = 0x464c_457f;
  private static final int CLASS_32 = 1;
  private static final int HEADER_BYTES = 52;
  private static final int SEGMENT_BYTES = 32;
  private static final int MAX_SEGMENTS = 128;
  private static final int NOTE_BYTES = 12;
  private static final int MAX_NOTES_BYTES = 1 << 16;
  private static final int PT_NOTE = 4;
  private static final int NT_GNU_BUILD_ID = 3;
  private static final int GNU = 0x0055_4e47;
  private static final int MAX_BYTES = 20;
  private static final byte[] NONE = {};

  private BuildId() {}

  /** {@code build_id_parse}: that of the 32-bit ELF file which an area maps; empty without one. */
  static byte[] of(Vma area) {
    AddressSpace pages = area.mapping();
    if (pages == null) {
      return NONE;
    }
    ByteBuffer header = read(pages, 0, HEADER_BYTES);
    if (header == null || header.getInt(0) != ELF_MAGIC || header.get(4) != CLASS_32) {
      return NONE;
    }
    long at = Integer.toUnsignedLong(header.getInt(28));
    int segments = Math.min(header.getShort(44) & 0xffff, MAX_SEGMENTS);
    for (int i = 0; i < segments; i++) {
      ByteBuffer segment = read(pages, at + (long) i * SEGMENT_BYTES, SEGMENT_BYTES);
      if (segment != null && segment.getInt(0) == PT_NOTE) {
        long offset = Integer.toUnsignedLong(segment.getInt(4));
        int bytes = segment.getInt(16);
        ByteBuffer notes =
            bytes > 0 && bytes <= MAX_NOTES_BYTES ? read(pages, offset, bytes) : null;
        byte[] found = notes == null ? NONE : inNotes(notes);
        if (found.length > 0) {
          return found;
        }
      }
    }
    return NONE;
  }

  private static byte[] inNotes(ByteBuffer notes) {
    int at = 0;
    while (at + NOTE_BYTES <= notes.capacity()) {
      int nameBytes = notes.getInt(at);
      int bytes = notes.getInt(at + 4);
      int data = at + NOTE_BYTES + aligned(nameBytes);
      if (nameBytes < 0 || bytes < 0 || data < 0 || bytes > notes.capacity() - data) {
        return NONE;
      }
      boolean gnu = nameBytes == 4 && notes.getInt(at + NOTE_BYTES) == GNU;
      if (gnu && notes.getInt(at + 8) == NT_GNU_BUILD_ID && bytes > 0 && bytes <= MAX_BYTES) {
        byte[] id = new byte[bytes];
        notes.get(data, id);
        return id;
      }
      at = data + aligned(bytes);
    }
    return NONE;
  }

  private static int aligned(int bytes) {
    return (bytes + 3) & -4;
  }

  private static @Nullable ByteBuffer read(AddressSpace pages, long at, int bytes) {
    byte[] to = new byte[bytes];
    boolean whole = pages.read(at, to, 0, bytes) == bytes;
    return whole ? ByteBuffer.wrap(to).order(ByteOrder.LITTLE_ENDIAN) : null;
  }
}
