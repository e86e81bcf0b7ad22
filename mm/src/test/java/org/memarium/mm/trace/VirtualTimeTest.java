package org.memarium.mm.trace;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class VirtualTimeTest {
  private final Trace trace = new Trace();
  private final VirtualTime time = trace.time();
  private long instructions;

  @Test
  void whoWaitsMovesTheClockToTheMomentWhenTheDeviceIsDone() {
    time.waitUntil(500, IoWait.SWAP_READ);
    time.waitUntil(700, IoWait.FILE_WRITE);
    assertEquals(700, trace.nanos());
    assertEquals(500, time.waitedNanos(IoWait.SWAP_READ));
    assertEquals(200, time.waitedNanos(IoWait.FILE_WRITE));
    assertEquals(1, time.waits(IoWait.FILE_WRITE));
  }

  @Test
  void whatIsDoneAlreadyIsNotWaitedFor() {
    time.waitUntil(500, IoWait.SWAP_READ);
    time.waitUntil(500, IoWait.SWAP_WRITE);
    time.waitUntil(3, IoWait.SWAP_WRITE);
    assertEquals(500, time.nanos());
    assertEquals(0, time.waits(IoWait.SWAP_WRITE));
  }

  @Test
  void instructionsThatRunMeanwhileAreNotWaitedFor() {
    trace.setClock(() -> instructions + time.waitedNanos());
    instructions = 300;
    time.waitUntil(1_000, IoWait.FILE_READ);
    assertEquals(700, time.waitedNanos());
    instructions += 50;
    assertEquals(1_050, trace.nanos());
  }
}
