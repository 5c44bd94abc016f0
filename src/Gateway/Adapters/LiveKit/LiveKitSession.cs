using Nexus.Gateway.Adapters.LiveKit.Mapping;
using Nexus.Gateway.Adapters.LiveKit.Messages;
using Nexus.Gateway.Sessions;
using Nexus.Link;

namespace Nexus.Gateway.Adapters.LiveKit;

/// <summary>
/// One client's messages of LiveKit's signalling: translates them to commands of <see cref="ConnectedSession"/>, and what that tells to
/// messages. Messages are handled one at a time.
/// </summary>
internal sealed partial class LiveKitSession : ISessionWire
{
    /// <summary>A client's token is replaced well before the new one expires.</summary>
    private static readonly TimeSpan RefreshInterval = TimeSpan.FromMinutes(5);

    private readonly LiveKitConnection _connection;
    private readonly SessionServices _services;
    private readonly Entrance _entrance;
    private readonly ConnectedSession _session;
    private readonly Introductions _introductions;
    private ITimer? _tokens;
    private PublicationBook _publications = PublicationBook.Empty;

    public LiveKitSession(LiveKitConnection connection, SessionServices services, Entrance entrance)
    {
        (_connection, _services, _entrance) = (connection, services, entrance);
        _session = new(services, this);
        _session.Enter(entrance.Caller);
        _introductions = new(sid => _session.Feed.Knows(sid), services.Clock);
    }

    /// <summary>Joins or resumes: what the client asked for as it connected.</summary>
    public Task Begin() => _entrance.Request.Reconnect ? Try(Resume, RefuseResume) : Try(Join, Refuse);

    /// <summary>One message of the client's. A failure is told to this client, and only to it.</summary>
    public Task Handle(SignalRequest message) => _session.IsOpen ? Try(() => HandleJoined(message), error => CountRefusal(error.Code)) : Task.CompletedTask;

    /// <summary>Ends it by name: the client says what cannot be understood or served.</summary>
    public void Refuse(string code)
    {
        CountRefusal(code);
        _session.End(() => SayLeave(code));
    }

    /// <summary>The connection is gone.</summary>
    public async Task Close()
    {
        await (_tokens?.DisposeAsync() ?? default);
        _introductions.Dispose();
        await _session.Close();
    }

    private Task Try(Func<Task> act, Action<LinkError> refuse) => _session.Try(act, "a LiveKit client's request", refuse);

    private void Refuse(LinkError error) => Refuse(error.Code);

    /// <summary>
    /// A client that is told to leave as it comes back joins anew, whatever it is told; one whose connection ends without a word tries
    /// again to resume.
    /// </summary>
    private void RefuseResume(LinkError error)
    {
        if (error.Code != ReasonCodes.Unavailable || _session.IsOpen)
        {
            Refuse(error);
            return;
        }

        CountRefusal(error.Code);
        _session.End(() => _connection.End(new(4503, error.Code)));
    }

    private void CountRefusal(string code) => _services.State.CountRefusal(code, $"LiveKit signalling in {_session.Room}", _entrance.Caller.Identity);

    private void SayLeave(string reason)
    {
        _connection.Send(new SignalResponse { Leave = LeaveMapping.Leave(reason) });
        _connection.End(new(1000, reason)); // any other code would have the client reconnect on top of what it was told
    }
}
