package org.memarium.cpu;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.memarium.hardware.Mmu;
import org.memarium.hardware.ProcessorException;
import org.memarium.hardware.Ram;
import org.memarium.hardware.SegmentDescriptor;
import org.memarium.hardware.Segmentation;

/**
 * Decoded blocks, by physical address, EIP and mode.
 *
 * <p><b>Finding.</b> EIP is translated as an instruction fetch, and the block of that physical
 * address is taken, or decoded. What was found is good for as long as {@link #generation} stays:
 * until a translation of instructions is dropped, or segments change. Within a generation, blocks
 * reach each other directly, and {@link Core#jump} finds targets of indirect jumps by EIP alone.
 *
 * <p><b>Self-modifying code.</b> Every frame with blocks is watched ({@link Mmu#watchCode}); a
 * write into a block's bytes kills it ({@link Block#kill}).
 *
 * <p>A block ends where control is transferred, at the end of the page, and after {@link
 * #MAX_INSTRUCTIONS}. An instruction that crosses pages is a block of its own.
 */
final class BlockCache implements Ram.CodeListener {
  static final int MAX_INSTRUCTIONS = 64;

  /** Past so many decoded instructions (some 40 MB) everything is dropped. */
  private static final int CAPACITY = 1 << 19;

  private static final int BUCKETS = 1 << 15;
  private static final int FRAMES_SHIFT = 10;
  private static final int OFFSET_MASK = Ram.PAGE_SIZE - 1;

  private final Core core;
  private final Mmu mmu;
  private final Ram ram;
  private final Decoder decoder;
  private final @Nullable Block[] buckets = new Block[BUCKETS];

  /** {@link FrameCode} by frame number, in two levels; null where nothing was decoded. */
  private final @Nullable FrameCode[] @Nullable [] frames;

  /** The bytes under the decoder: the rest of a page, or an instruction across two. */
  private final byte[] window = new byte[MAX_INSTRUCTIONS * Decoder.MAX_LENGTH];

  private int instructions;

  BlockCache(Core core) {
    this.core = core;
    this.mmu = core.mmu;
    this.ram = mmu.ram();
    this.decoder = new Decoder(core.model);
    this.frames = new FrameCode[Math.toIntExact(ram.frames() >> FRAMES_SHIFT) + 1][];
    ram.setCodeListener(this);
  }

  /** Changes whenever an EIP may lead to other bytes than before. */
  private int generation() {
    return core.generation();
  }

  /** Segments have changed: no EIP leads where it led before, until it is looked up. */
  void forgetTranslations() {
    for (Block head : buckets) {
      for (Block block = head; block != null; block = block.nextInBucket) {
        block.first().generation = Instruction.NEVER;
      }
    }
    core.forgetJumps();
  }

  /**
   * The block at EIP, found or decoded.
   *
   * @throws ProcessorException #PF from the fetch, or #GP beyond the limit of the code segment
   */
  Block find(int eip) {
    long linear = linear(eip);
    long physical = mmu.physicalForFetch(linear);
    int generation = generation();
    Mode mode = core.mode();
    int bucket = bucket(physical, eip);
    for (Block block = buckets[bucket]; block != null; block = block.nextInBucket) {
      if (block.physicalAddress == physical && block.eip == eip && block.mode == mode) {
        if (!fitsLimit(block)) {
          break;
        }
        if (block.secondPage >= 0 && mmu.physicalForFetch(secondPage(linear)) != block.secondPage) {
          drop(block);
          break;
        }
        return found(block, generation);
      }
    }
    Block block = decode(eip, linear, physical, MAX_INSTRUCTIONS);
    if (instructions > CAPACITY) {
      dropAll(); // all but this one, which no bucket holds yet
    }
    block.nextInBucket = buckets[bucket];
    buckets[bucket] = block;
    return found(block, generation);
  }

  private Block found(Block block, int generation) {
    // Fetching a second page may have thrown the first one's translation out.
    Instruction first = block.first();
    first.generation = generation == generation() ? generation : Instruction.NEVER;
    core.rememberJump(first);
    return block;
  }

  /**
   * Decodes at most {@code max} instructions at EIP into a block that nobody else finds; the caller
   * {@linkplain #drop drops} it.
   */
  Block findShort(int eip, int max) {
    long linear = linear(eip);
    return decode(eip, linear, mmu.physicalForFetch(linear), max);
  }

  /** Forgets a block; a processor inside it comes out. */
  void drop(Block block) {
    block.kill();
    int bucket = bucket(block.physicalAddress, block.eip);
    @Nullable Block before = null;
    for (Block at = buckets[bucket]; at != null; at = at.nextInBucket) {
      if (at == block) {
        if (before == null) {
          buckets[bucket] = block.nextInBucket;
        } else {
          before.nextInBucket = block.nextInBucket;
        }
        break;
      }
      before = at;
    }
    instructions -= block.count;
    unregister(block, block.physicalAddress);
    if (block.secondPage >= 0) {
      unregister(block, block.secondPage);
    }
  }

  /** Drops every block with an instruction at an EIP, in whatever address space. */
  void dropAt(int eip) {
    for (Block head : buckets) {
      for (Block block = head; block != null; ) {
        Block next = block.nextInBucket;
        if (eip - block.eip >= 0 && eip - block.eip < block.bytes) {
          drop(block);
        }
        block = next;
      }
    }
    core.forgetJumps();
  }

  private void dropAll() {
    for (int bucket = 0; bucket < BUCKETS; bucket++) {
      for (Block block = buckets[bucket]; block != null; block = buckets[bucket]) {
        drop(block);
      }
    }
    core.forgetJumps();
  }

  @Override
  public void codeWritten(long physicalAddress, int bytes) {
    FrameCode frame = frame(physicalAddress);
    if (frame == null || !frame.mayHit((int) physicalAddress & OFFSET_MASK, bytes)) {
      return;
    }
    for (int k = frame.count() - 1; k >= 0; k--) {
      Block block = frame.get(k);
      if (overlaps(block, physicalAddress, bytes)) {
        drop(block);
      }
    }
  }

  private static boolean overlaps(Block block, long physicalAddress, int bytes) {
    int inFirst = bytesInFirstPage(block);
    return touch(block.physicalAddress, inFirst, physicalAddress, bytes)
        || (block.secondPage >= 0
            && touch(block.secondPage, block.bytes - inFirst, physicalAddress, bytes));
  }

  private static boolean touch(long a, int aBytes, long b, int bBytes) {
    return a < b + bBytes && b < a + aBytes;
  }

  private static int bytesInFirstPage(Block block) {
    int room = Ram.PAGE_SIZE - ((int) block.physicalAddress & OFFSET_MASK);
    return Math.min(room, block.bytes);
  }

  // ---- Decoding ----

  private Block decode(int eip, long linear, long physical, int max) {
    int inPage = Ram.PAGE_SIZE - ((int) physical & OFFSET_MASK);
    int inSegment = bytesToLimit(eip);
    int available = Math.min(Math.min(inPage, inSegment), max * Decoder.MAX_LENGTH);
    ram.read(physical, window, 0, available);
    Instruction[] code = new Instruction[max + 1];
    int count = 0;
    int at = 0;
    boolean ended = false;
    long secondPage = -1;
    while (!ended && count < max && (count == 0 || !core.watches.contains(eip + at))) {
      Instruction instruction = new Instruction();
      int length = decoder.decode(window, at, available, eip + at, core.mode(), instruction);
      if (length == Decoder.TRUNCATED) {
        if (count != 0) {
          break;
        }
        instruction = new Instruction();
        if (inSegment <= inPage) {
          length = beyondLimit(instruction, eip, inSegment);
        } else {
          secondPage = mmu.physicalForFetch(secondPage(linear));
          long again = mmu.physicalForFetch(linear);
          if (again != physical) {
            // A fault for the second page has moved the first one, or taken it away for a while.
            return decode(eip, linear, again, max);
          }
          length = decodeAcross(instruction, eip, inPage, inSegment, secondPage);
        }
        max = 1;
      }
      instruction.ordinal = count;
      instruction.countAfter = count + 1;
      instruction.op = OpSelection.select(instruction, core.mode());
      ended = OpSelection.endsBlock(instruction);
      instruction.last = ended;
      if (count != 0) {
        code[count - 1].next = instruction;
      }
      code[count++] = instruction;
      at += length;
    }
    int entries = count;
    if (!ended) {
      Instruction end = new Instruction();
      end.op = Op.END;
      end.eip = eip + at;
      end.ordinal = count;
      end.countAfter = count;
      code[count - 1].next = end;
      code[entries++] = end;
    }
    code = Arrays.copyOf(code, entries);
    if (core.watches.contains(eip)) {
      code = watched(code);
    }
    Block block = new Block(eip, physical, secondPage, core.mode(), code, count, at);
    register(block);
    return block;
  }

  /** The same with an {@link Op#WATCH} before it. */
  private static Instruction[] watched(Instruction[] code) {
    Instruction watch = new Instruction();
    watch.op = Op.WATCH;
    watch.eip = code[0].eip;
    watch.next = code[0];
    Instruction[] longer = new Instruction[code.length + 1];
    longer[0] = watch;
    System.arraycopy(code, 0, longer, 1, code.length);
    return longer;
  }

  /** An instruction that starts in the first {@code inPage} bytes and goes on in another page. */
  private int decodeAcross(Instruction out, int eip, int inPage, int inSegment, long secondPage) {
    int available = Math.min(inSegment, inPage + Decoder.MAX_LENGTH);
    ram.read(secondPage, window, inPage, available - inPage);
    int length = decoder.decode(window, 0, available, eip, core.mode(), out);
    return length == Decoder.TRUNCATED ? beyondLimit(out, eip, available) : length;
  }

  private static int beyondLimit(Instruction out, int eip, int bytes) {
    out.form = Decoder.TOO_LONG;
    out.eip = eip;
    out.length = (byte) bytes;
    return bytes;
  }

  private static long secondPage(long linear) {
    return ((linear | OFFSET_MASK) + 1) & 0xffff_ffffL;
  }

  // ---- Segments ----

  private long linear(int eip) {
    if (core.mode().isFlat()) {
      return eip & 0xffff_ffffL;
    }
    if (!code().contains(eip & 0xffff_ffffL, 1)) {
      throw ProcessorException.of(ProcessorException.GENERAL_PROTECTION);
    }
    return (code().base() + eip) & 0xffff_ffffL;
  }

  private int bytesToLimit(int eip) {
    if (core.mode().isFlat()) {
      return Integer.MAX_VALUE;
    }
    return (int) Math.min(code().limit() - (eip & 0xffff_ffffL) + 1, Integer.MAX_VALUE);
  }

  private boolean fitsLimit(Block block) {
    return core.mode().isFlat()
        || code().contains(block.eip & 0xffff_ffffL, Math.max(block.bytes, 1));
  }

  private SegmentDescriptor code() {
    return core.segmentation.descriptor(Segmentation.CS);
  }

  // ---- Frames ----

  private void register(Block block) {
    instructions += block.count;
    int inFirst = bytesInFirstPage(block);
    register(block, block.physicalAddress, inFirst);
    if (block.secondPage >= 0) {
      register(block, block.secondPage, Math.max(block.bytes - inFirst, 1));
    }
  }

  private void register(Block block, long physicalAddress, int bytes) {
    int pfn = (int) (physicalAddress >>> Ram.PAGE_SHIFT);
    @Nullable FrameCode[] part = frames[pfn >> FRAMES_SHIFT];
    if (part == null) {
      part = new FrameCode[1 << FRAMES_SHIFT];
      frames[pfn >> FRAMES_SHIFT] = part;
    }
    int slot = pfn & (1 << FRAMES_SHIFT) - 1;
    FrameCode frame = part[slot];
    if (frame == null) {
      frame = new FrameCode();
      part[slot] = frame;
    }
    frame.add(block, (int) physicalAddress & OFFSET_MASK, bytes);
    if (!ram.isCodeWatched(pfn)) {
      mmu.watchCode(pfn);
    }
  }

  private void unregister(Block block, long physicalAddress) {
    FrameCode frame = frame(physicalAddress);
    if (frame == null) {
      return;
    }
    frame.remove(block);
    if (frame.count() == 0) {
      int pfn = (int) (physicalAddress >>> Ram.PAGE_SHIFT);
      @Nullable FrameCode[] part = frames[pfn >> FRAMES_SHIFT];
      if (part != null) {
        part[pfn & (1 << FRAMES_SHIFT) - 1] = null;
      }
      ram.unwatchCode(pfn);
    }
  }

  private @Nullable FrameCode frame(long physicalAddress) {
    int pfn = (int) (physicalAddress >>> Ram.PAGE_SHIFT);
    @Nullable FrameCode[] part = frames[pfn >> FRAMES_SHIFT];
    return part == null ? null : part[pfn & (1 << FRAMES_SHIFT) - 1];
  }

  private static int bucket(long physicalAddress, int eip) {
    long mixed = (physicalAddress ^ (long) eip << 20) * 0x9e37_79b9_7f4a_7c15L;
    return (int) (mixed >>> 49) & (BUCKETS - 1);
  }
}
