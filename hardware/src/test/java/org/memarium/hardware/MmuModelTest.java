package org.memarium.hardware;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Function;
import java.util.function.Supplier;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Thousands of random accesses, changes of mappings, flushes and faults, on {@link Mmu} with its
 * fast path, on {@link Mmu} without it, and on {@link PlainMmu}: values, exceptions, RAM, what was
 * told to the fault handler and to the code listener, and every counter must be the same.
 */
class MmuModelTest {
  /** Large pages map physical address 0, so the tables lie above the largest of them. */
  private static final int FIRST_TABLE_FRAME = 1024;

  private static final int TABLE_FRAMES = 80;
  private static final int DATA_FRAMES = 170;
  private static final int RAM_BYTES = (FIRST_TABLE_FRAME + TABLE_FRAMES) << Ram.PAGE_SHIFT;
  private static final int STEPS = 3000;

  @ParameterizedTest
  @CsvSource({
    "TWO_LEVEL,64,4", "TWO_LEVEL,1,1", "TWO_LEVEL,4,4", "TWO_LEVEL,2048,4",
    "PAE,64,4", "PAE,2,1", "PAE,8,2", "PAE,1024,8",
    "FOUR_LEVEL,64,4", "FOUR_LEVEL,1,1", "FOUR_LEVEL,16,16", "FOUR_LEVEL,4096,1"
  })
  void agreesWithThePlainMmu(PageTableFormat format, int entries, int ways) {
    for (long seed = 1; seed <= 8; seed++) {
      compare(format, entries, ways, seed);
    }
  }

  private static void compare(PageTableFormat format, int entries, int ways, long seed) {
    Random random = new Random(seed * 1000 + entries + ways);
    try (World plain = World.ofPlain(format, entries, ways);
        World fast = World.of(format, entries, ways, true);
        World slow = World.of(format, entries, ways, false)) {
      List<World> worlds = List.of(plain, fast, slow);
      for (int step = 0; step < STEPS; step++) {
        Step next = Step.random(random, format, step == 0);
        for (World world : worlds) {
          next.take(world);
        }
        for (World world : worlds) {
          int ofStep = step;
          Supplier<String> where =
              () ->
                  "%s %d/%d, seed %d, step %d, %s: %s"
                      .formatted(
                          format,
                          entries,
                          ways,
                          seed,
                          ofStep,
                          world == fast ? "fast" : "slow",
                          next);
          assertEquals(plain.log, world.log, where);
          assertEquals(plain.statistics(), world.statistics(), where);
          if (step == STEPS - 1) {
            assertEquals(-1, Arrays.mismatch(plain.bytes(), world.bytes()), where);
          }
        }
        worlds.forEach(world -> world.log.clear());
      }
    }
  }

  /** What a step does; all numbers are chosen before, so that it is the same in each world. */
  private record Step(Kind kind, long linear, int bytes, long value, long entry, int table) {
    enum Kind {
      READ,
      WRITE,
      PROBE_READ,
      PROBE_WRITE,
      PHYSICAL_READ,
      PHYSICAL_WRITE,
      FETCH,
      SUPERVISOR_READ,
      SUPERVISOR_WRITE,
      MAP,
      MAP_LARGE,
      INVLPG,
      FLUSH_ALL,
      LOAD_CR3,
      WATCH,
      UNWATCH
    }

    static Step random(Random random, PageTableFormat format, boolean first) {
      Kind kind;
      int dice = random.nextInt(1000);
      if (first) {
        kind = Kind.LOAD_CR3;
      } else if (dice < 350) {
        kind = Kind.READ;
      } else if (dice < 650) {
        kind = Kind.WRITE;
      } else if (dice < 850) {
        kind = Kind.values()[random.nextInt(2, 9)];
      } else if (dice < 920) {
        kind = Kind.MAP;
      } else if (dice < 930) {
        kind = Kind.MAP_LARGE;
      } else if (dice < 970) {
        kind = Kind.INVLPG;
      } else {
        kind = Kind.values()[random.nextInt(12, 16)];
      }
      boolean probe = kind == Kind.PROBE_READ || kind == Kind.PROBE_WRITE;
      return new Step(
          kind,
          linear(random, format),
          probe ? 1 + random.nextInt(4096) : 1 << random.nextInt(4),
          random.nextLong(),
          entry(random, format),
          random.nextInt(2));
    }

    /** Neighbours, pages that share a set or a slot of the fast table, both ends of the space. */
    private static long linear(Random random, PageTableFormat format) {
      long top = format == PageTableFormat.FOUR_LEVEL ? 0x7fff_ffff_d000L : 0xffff_d000L;
      long page =
          switch (random.nextInt(6)) {
            case 0, 1, 2 -> 0x0804_8000L;
            case 3 -> 0x0804_8000L + 1024 * 4096L;
            case 4 -> top;
            default -> 0;
          };
      int offset = random.nextBoolean() ? random.nextInt(4096) : 4096 - 1 - random.nextInt(9);
      return page + random.nextInt(3) * 4096L + offset;
    }

    private static long entry(Random random, PageTableFormat format) {
      long entry = (long) random.nextInt(DATA_FRAMES) << Ram.PAGE_SHIFT;
      entry |= random.nextInt(5) != 0 ? PageTableEntry.PRESENT : 0;
      entry |= random.nextInt(4) != 0 ? PageTableEntry.WRITABLE : 0;
      entry |= random.nextInt(5) != 0 ? PageTableEntry.USER : 0;
      entry |= random.nextInt(3) == 0 ? PageTableEntry.GLOBAL : 0;
      entry |= random.nextInt(4) == 0 ? PageTableEntry.DIRTY : 0;
      entry |= format.hasNx() && random.nextInt(6) == 0 ? PageTableEntry.NX : 0;
      entry |= format.hasNx() && random.nextInt(20) == 0 ? 1L << 46 : 0;
      return entry;
    }

    void take(World world) {
      Side side = world.side;
      TestTables tables = world.tables.get(table);
      long frame = Math.floorMod(value, (long) DATA_FRAMES);
      try {
        long result = 0;
        switch (kind) {
          case READ -> result = side.read(linear, bytes);
          case WRITE -> side.write(linear, bytes, value);
          case PROBE_READ -> side.probeRead(linear, bytes);
          case PROBE_WRITE -> side.probeWrite(linear, bytes);
          case PHYSICAL_READ -> result = side.physicalForRead(linear);
          case PHYSICAL_WRITE -> result = side.physicalForWrite(linear);
          case FETCH -> result = side.physicalForFetch(linear);
          case SUPERVISOR_READ -> result = side.supervisorReadByte(linear);
          case SUPERVISOR_WRITE -> side.supervisorWriteByte(linear, (int) value);
          case MAP -> tables.map(linear & -4096L, 0, entry);
          case MAP_LARGE -> world.mapLarge(table, linear, entry);
          case INVLPG -> side.invlpg(linear);
          case FLUSH_ALL -> side.flushAll();
          case LOAD_CR3 -> side.loadCr3(tables.root());
          case WATCH -> side.watchCode(frame);
          case UNWATCH -> world.ram.unwatchCode(frame);
        }
        world.log.add("result %x".formatted(result));
      } catch (ProcessorException fault) {
        world.log.add(String.valueOf(fault.getMessage()));
      }
    }
  }

  /** RAM, two sets of tables in it, an MMU, and a log of what it told. */
  private static final class World implements AutoCloseable {
    final Ram ram = Ram.reserve(RAM_BYTES);
    final List<TestTables> tables;
    final List<String> log = new ArrayList<>();
    private final Side side;
    private int handled;

    private World(PageTableFormat format, Function<World, Side> side) {
      this.tables =
          List.of(
              new TestTables(ram, format, FIRST_TABLE_FRAME),
              new TestTables(ram, format, FIRST_TABLE_FRAME + TABLE_FRAMES / 2));
      this.side = side.apply(this);
      ram.setCodeListener((at, bytes) -> log.add("code %x+%d".formatted(at, bytes)));
    }

    static World of(PageTableFormat format, int entries, int ways, boolean fastPath) {
      return new World(
          format,
          world -> {
            Mmu mmu = new Mmu(world.ram, format, entries, ways);
            mmu.setFastPath(fastPath);
            mmu.setFaultHandler(world::resolve);
            return new MmuSide(mmu);
          });
    }

    static World ofPlain(PageTableFormat format, int entries, int ways) {
      return new World(
          format, world -> new PlainMmu(world.ram, format, entries, ways, world::resolve));
    }

    /** Resolves two faults in three, sometimes not enough, sometimes taking another page away. */
    private boolean resolve(long linear, int errorCode) {
      log.add("fault %x %x".formatted(linear, errorCode));
      long hash = (linear >>> 12) * 31 + 7L * ++handled + errorCode;
      if (hash % 3 == 0) {
        return false;
      }
      long bits = TestTables.RW_USER;
      if (hash % 7 == 0) {
        bits = PageTableEntry.PRESENT | PageTableEntry.USER;
      } else if (hash % 5 == 0) {
        bits |= PageTableEntry.GLOBAL;
      }
      TestTables current = side.cr3() == tables.get(0).root() ? tables.get(0) : tables.get(1);
      long frame = Math.floorMod(hash, (long) DATA_FRAMES);
      if (current.isLarge(linear)) {
        return false;
      }
      current.map(linear & -4096L, frame << Ram.PAGE_SHIFT, bits);
      if (hash % 11 == 0 && !current.isLarge(linear - 4096)) {
        current.map((linear - 4096) & -4096L, 0, 0);
        side.invlpg(linear - 4096);
      }
      return true;
    }

    /** Puts a large page, of all frames of RAM from 0, at the level above the last, or takes it. */
    void mapLarge(int table, long linear, long entry) {
      tables.get(table).toggleLarge(linear, entry & 0x8000_0000_0000_01ffL);
    }

    TlbStatistics statistics() {
      return side.statistics();
    }

    byte[] bytes() {
      byte[] bytes = new byte[RAM_BYTES];
      ram.read(0, bytes, 0, bytes.length);
      return bytes;
    }

    @Override
    public void close() {
      ram.close();
    }
  }

  /** What both MMUs can do. */
  interface Side {
    long read(long linear, int bytes);

    void write(long linear, int bytes, long value);

    void probeRead(long linear, int bytes);

    void probeWrite(long linear, int bytes);

    long physicalForRead(long linear);

    long physicalForWrite(long linear);

    long physicalForFetch(long linear);

    int supervisorReadByte(long linear);

    void supervisorWriteByte(long linear, int value);

    void invlpg(long linear);

    void flushAll();

    void loadCr3(long root);

    long cr3();

    void watchCode(long pfn);

    TlbStatistics statistics();
  }

  private record MmuSide(Mmu mmu) implements Side {
    @Override
    public long read(long linear, int bytes) {
      return switch (bytes) {
        case 1 -> mmu.readByte(linear);
        case 2 -> mmu.readShort(linear);
        case 4 -> mmu.readInt(linear) & 0xffff_ffffL;
        default -> mmu.readLong(linear);
      };
    }

    @Override
    public void write(long linear, int bytes, long value) {
      switch (bytes) {
        case 1 -> mmu.writeByte(linear, (int) value);
        case 2 -> mmu.writeShort(linear, (int) value);
        case 4 -> mmu.writeInt(linear, (int) value);
        default -> mmu.writeLong(linear, value);
      }
    }

    @Override
    public void probeRead(long linear, int bytes) {
      mmu.probeRead(linear, bytes);
    }

    @Override
    public void probeWrite(long linear, int bytes) {
      mmu.probeWrite(linear, bytes);
    }

    @Override
    public long physicalForRead(long linear) {
      return mmu.physicalForRead(linear);
    }

    @Override
    public long physicalForWrite(long linear) {
      return mmu.physicalForWrite(linear);
    }

    @Override
    public long physicalForFetch(long linear) {
      return mmu.physicalForFetch(linear);
    }

    @Override
    public int supervisorReadByte(long linear) {
      return mmu.supervisorReadByte(linear);
    }

    @Override
    public void supervisorWriteByte(long linear, int value) {
      mmu.supervisorWriteByte(linear, value);
    }

    @Override
    public void invlpg(long linear) {
      mmu.invlpg(linear);
    }

    @Override
    public void flushAll() {
      mmu.flushAll();
    }

    @Override
    public void loadCr3(long root) {
      mmu.loadCr3(root);
    }

    @Override
    public long cr3() {
      return mmu.cr3();
    }

    @Override
    public void watchCode(long pfn) {
      mmu.watchCode(pfn);
    }

    @Override
    public TlbStatistics statistics() {
      return mmu.statistics();
    }
  }
}
