using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Nexus.DataEcho;
using Nexus.Link;
using Nexus.MediaNode.Engine;
using Nexus.MediaNode.Link;

// usage: HTTP-PREFIX MEDIA-PORT; POST /NAME takes an offer and gives the answer of a duplex session of that name.
await using var node = new NodeAgent(new NodeOptions
{
    NodeId = "ND_echo",
    PublicAddresses = [IPAddress.Loopback],
    Loops = new LoopOptions { Loops = 1, Port = int.Parse(args[1]) },
});
foreach (var loop in node.Loops)
{
    loop.DataSink = new EchoSink();
}

var replies = new ConcurrentDictionary<long, TaskCompletionSource<LinkMessage>>();
long lastId = 0;
node.Start();
node.OnLinked(message =>
{
    var id = message switch { NodeClaimed claimed => claimed.Id, SessionReply reply => reply.Id, _ => 0 };
    if (replies.TryRemove(id, out var waiting))
    {
        waiting.SetResult(message);
    }
});

using var listener = new HttpListener();
listener.Prefixes.Add(args[0]);
listener.Start();
Console.WriteLine("ready");
while (true)
{
    var context = await listener.GetContextAsync();
    context.Response.ContentType = "text/html";
    var answer = "<!doctype html>";
    if (context.Request.HttpMethod == "POST")
    {
        context.Response.ContentType = "application/sdp";
        answer = await Answer(context.Request.Url!.AbsolutePath[1..], await new StreamReader(context.Request.InputStream).ReadToEndAsync());
    }

    context.Response.Close(Encoding.UTF8.GetBytes(answer), willBlock: false);
}

async Task<string> Answer(string name, string offer)
{
    var claimed = await Ask<NodeClaimed>(id => new ClaimNode(id));
    var desired = new SessionDesired
    {
        ParticipantKey = $"any/t/room/{name}",
        RoomKey = "any/t/room",
        Identity = name,
        ParticipantSid = $"PA_{name}",
        Leg = SessionLeg.Duplex,
        CanPublish = true,
        CanSubscribe = true,
        Subscribe = new SubscribeRule(),
        Offer = new SdpOffer(1, offer),
    };
    var applied = await Ask<SessionReply>(id => new ApplySession(id, name, claimed.Claim.Epoch, 1, false, desired));
    return applied.Result.Answer?.Sdp ?? $"refused: {applied.Result.Error}";
}

async Task<T> Ask<T>(Func<long, LinkMessage> command)
    where T : LinkMessage
{
    var id = Interlocked.Increment(ref lastId);
    var waiting = replies[id] = new TaskCompletionSource<LinkMessage>(TaskCreationOptions.RunContinuationsAsynchronously);
    node.OnMessage(command(id));
    return (T)await waiting.Task.WaitAsync(TimeSpan.FromSeconds(10));
}
