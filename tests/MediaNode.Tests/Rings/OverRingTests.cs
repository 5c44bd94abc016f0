using Nexus.MediaNode.Tests.Session;

namespace Nexus.MediaNode.Tests.Rings;

// What holds on one loop holds where publishers are on one loop and viewers on another.

public sealed class CallOverRingTests() : CallTests(OverRing);

public sealed class NarrowLineOverRingTests() : NarrowLineTests(OverRing);

public sealed class SvcOverRingTests() : SvcTests(OverRing);

public sealed class BackupCodecOverRingTests() : BackupCodecTests(OverRing);

public sealed class BigRoomOverRingTests() : BigRoomTests(OverRing);

public sealed class ParameterSetsOverRingTests() : ParameterSetsTests(OverRing);

public sealed class ForwardOverRingTests() : ForwardTests(OverRing);

public sealed class ListenedRoomsOverRingTests() : ListenedRoomsTests(OverRing);

public sealed class RedOverRingTests() : RedTests(OverRing);

public sealed class TrackDemandOverRingTests() : TrackDemandTests(OverRing);

public sealed class PlainPublisherOverRingTests() : PlainPublisherTests(OverRing);
