namespace Nexus.MediaNode.Io;

/// <summary>One RFC 4571 frame on its way to the loop, in an array of the shared pool.</summary>
internal readonly record struct TcpFrame(TcpConnection Connection, byte[] Buffer, int Length);
