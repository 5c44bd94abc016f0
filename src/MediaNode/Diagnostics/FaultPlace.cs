

namespace Nexus.MediaNode.Diagnostics;

/// <summary>
/// Where a fault of ours was caught, and so what it cost. Shows in <c>/metrics</c> as <c>nexus_faults_total{place="…"}</c>; all
/// of them must stay zero.
/// </summary>
public enum FaultPlace : byte
{
    /// <summary>A loop's socket could not be read: nothing arrived in that turn.</summary>
    Port,

    /// <summary>One packet that arrived is lost.</summary>
    Receive,

    /// <summary>One session did not hear what the handshake worker had for it, and ends unless that was only a datagram.</summary>
    Handshake,

    /// <summary>One packet did not reach one subscriber.</summary>
    FanOut,

    /// <summary>One session's timer.</summary>
    Timer,

    /// <summary>One command of the control side to a loop failed.</summary>
    Command,

    /// <summary>One session's feedback or data was not sent in that turn.</summary>
    Settle,

    /// <summary>One data message did not reach one receiver.</summary>
    Data,

    /// <summary>What one turn had for one port was not sent.</summary>
    Egress,

    /// <summary>One step of a session's end; the others were done.</summary>
    SessionEnd,

    /// <summary>A turn of a loop, beyond all of the above: the rest of it waited for the next.</summary>
    Turn,

    /// <summary>One ICE-TCP connection ends.</summary>
    Tcp,

    /// <summary>One DTLS handshake fails.</summary>
    HandshakeWorker,

    /// <summary>One message of the control side is refused.</summary>
    Message,

    /// <summary>What one session gets was not decided anew.</summary>
    Plan,

    /// <summary>One session was not reported.</summary>
    Report,

    /// <summary>Something else on the node's control thread.</summary>
    Control,
}
